/**
 * A key that is a date, an array or a plain object, as its canonical encoding. Inside Millrace a
 * structured key goes from map to map in this form, so it is encoded once, when it comes in.
 * Functions of users never see it: they get a fresh key, see `plainKey` in keys.ts. So a function
 * that changes its key in place changes nothing else.
 */
export class CodedKey {
  readonly code: string
  constructor(code: string) {
    this.code = code
  }
}
