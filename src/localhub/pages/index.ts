export { errorPage } from "./layout.ts";
export { callerBySession } from "./session.ts";
