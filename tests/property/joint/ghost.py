"""The memory of the joint laws: ticks and flags, in dicts by unit, so that equal pasts compare equal."""


class Ghost:
    """What the onlooker remembers, by unit."""

    def __init__(self, holsters: tuple[int, ...], cameras: tuple[int, ...], running: bool) -> None:
        # What each unit told last of its partners.
        self.partners: dict[int, dict[int, tuple[int, int]]] = {number: {} for number in holsters + cameras}
        # Of each holster: since when its use is open, until when it may wait for any answer and for a proof, whether it
        # is proven; its newest two frames of this use.
        self.since: dict[int, int | None] = dict.fromkeys(holsters)
        self.answer_by: dict[int, int | None] = dict.fromkeys(holsters)
        self.proof_by: dict[int, int | None] = dict.fromkeys(holsters)
        self.proven: dict[int, bool] = dict.fromkeys(holsters, False)
        self.newest: dict[int, tuple[int, ...]] = dict.fromkeys(holsters, ())
        # Since when no own camera records in this use, and whether one ever did.
        self.dark: dict[int, int | None] = dict.fromkeys(holsters)
        self.seen: dict[int, bool] = dict.fromkeys(holsters, False)
        # Until when a discharge pulse is a bounce; whether this use came to more than a draw; since when it is muted.
        self.bounce_by: dict[int, int | None] = dict.fromkeys(holsters)
        self.serious: dict[int, bool] = dict.fromkeys(holsters, False)
        self.muted: dict[int, int | None] = dict.fromkeys(holsters)
        # Of each camera: weapons known to be out and until when; the newest frame followed of each since boot.
        self.known: dict[int, dict[int, int]] = {number: {} for number in cameras}
        self.followed: dict[int, dict[int, int]] = {number: {} for number in cameras}
        # Whether its recorder was stopped from outside in this use; whether anybody ever meddled with it; whether its
        # tally is in doubt; since when a pulse waits.
        self.stopped: dict[int, bool] = dict.fromkeys(cameras, False)
        self.touched: dict[int, bool] = dict.fromkeys(cameras, running)
        self.doubtful: dict[int, bool] = dict.fromkeys(cameras, running)
        self.pressed_at: dict[int, int | None] = dict.fromkeys(cameras)
        # Until when a stale frame is its cause, and whether that started it; when strangers started it lately.
        self.stale_until: dict[int, int | None] = dict.fromkeys(cameras)
        self.stale_used: dict[int, bool] = dict.fromkeys(cameras, False)
        self.guests: dict[int, tuple[int, ...]] = dict.fromkeys(cameras, ())
