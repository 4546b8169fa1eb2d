/** Storage says this to whoever has been replaced. */
export class Gone extends Error {
  override readonly name = "Gone";
  constructor() {
    super("this object has been replaced");
  }
}
