/** The disk is full, or the platform cannot write just now. Nothing of the transaction has happened. */
export class StorageFault extends Error {
  override readonly name = "StorageFault";
  constructor() {
    super("database or disk is full: SQLITE_FULL");
  }
}

/** Storage says this to whoever has been replaced. */
export class Gone extends Error {
  override readonly name = "Gone";
  constructor() {
    super("this object has been replaced");
  }
}
