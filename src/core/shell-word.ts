/**
 * A word as a shell reads it back, for a command that a person is told to type: as it is where it is plain, else in single
 * quotes. What stands in it comes from folders, files and servers, and must not become another command.
 */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
