/** The version that /version, /health and the log name; a test holds it to package.json's. */
export const VERSION = "0.1.0";
