/**
 * What is used of grammY, loaded with the first call: an update is taken in and acknowledged without it, and it asks for
 * `process.platform` as it is loaded, for which the platform loads its Node compatibility (a quarter of the start-up).
 */
export { Api, GrammyError, HttpError } from "grammy/web";
