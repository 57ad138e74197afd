/** What to do when the system refuses to write, by its code. */
const FIXES: Readonly<Record<string, string>> = {
  EACCES: 'make it writable for the user of this process, or choose another place',
  EPERM: 'make it writable for the user of this process, or choose another place',
  EROFS: 'choose another place: this file system is read-only',
  ENOENT: 'choose another place: nothing can be made here',
  ENOTDIR: 'choose another place: a part of this path is a file',
  EEXIST: 'choose another place: there is a file of this name',
  EISDIR: 'choose another place: there is a directory of this name',
  ENAMETOOLONG: 'choose a shorter name',
  EMFILE: 'allow this process more open files: ulimit -n',
  ENFILE: 'close some programs: the system has no more open files',
}

/** What to do about an error of the file system. Undefined: nothing is known. */
export const fixOfFileError = (error: unknown): { readonly fix?: string } => {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  const fix = typeof code === 'string' ? FIXES[code] : undefined
  return fix === undefined ? {} : { fix }
}
