"""A unit's light and buzz as its driver moves them."""

from .boards import play, to_the_end


def test_a_unit_that_showed_itself_lights_again_while_an_alert_stands(tmp_path):
    script = """
        from interlock.drivers.signal import Signal
        signal = Signal(1, 2)
        lit = []

        def light():
            return signal._led.value()

        def pass_by(until):
            for now in range(0, until, 10):
                signal.tick(now)

        signal.alert(0)
        signal.identify(0, 1000, False)
        pass_by(3000)
        lit.append(light())
        signal.calm()
        lit.append(light())
        signal.identify(0, 1000, False)
        signal.calm()  # the alert is over while it shows itself
        pass_by(3000)
        lit.append(light())
        signal.alert(0)
        signal.identify(0, 1000, False)
        signal.stop_identifying()  # a weapon is in use
        lit.append(light())
        signal.covert = True
        signal.alert(0)
        signal.identify(0, 1000, False)
        pass_by(3000)
        lit.append(light())
        print(lit)
        """
    assert play(tmp_path, script, to_the_end).output == ["[1, 0, 0, 1, 0]"]
