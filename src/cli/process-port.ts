/** The part of the real process that the command line uses; tests hand in their own. */
export type ProcessPort = Pick<
  NodeJS.Process,
  | "env"
  | "getuid"
  | "platform"
  | "stdin"
  | "stdout"
  | "stderr"
  | "cwd"
  | "on"
  | "off"
  | "version"
  | "argv"
  | "execPath"
  | "pid"
  | "kill"
>;
