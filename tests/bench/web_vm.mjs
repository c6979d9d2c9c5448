// node web_vm.mjs VM ROM NAME: in the 32-bit MicroPython at VM, with the file system in the file ROM, imports the module
// NAME, calls its turn() until that returns False, and prints what its found() returns.
import { readFileSync } from "node:fs";

const [vm, rom, name] = process.argv.slice(2);
const { loadMicroPython } = await import(vm);
const python = await loadMicroPython({ heapsize: 1 << 20, pystack: 1 << 16, romfs: readFileSync(rom) });
try {
    python.runPython(`from ${name} import found, turn`);
    const turn = python.globals.get("turn");
    while (turn()) {}
    console.log(python.globals.get("found")());
} catch (error) {
    console.error(error.message); // uncaught, it would come with the text of the whole VM
    process.exit(1);
}
