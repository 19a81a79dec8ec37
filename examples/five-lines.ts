import { downloadSnapshot, whoami } from "latchkey";

const me = await whoami();
const { path } = await downloadSnapshot("acme/gated-tiny");
process.stdout.write(`${me.name} has it at ${path}\n`);
