/** Loaded with the first page that is read, and so that the bundle holds nothing else of the package. */
export { htmlToMarkdown } from "@mdream/js";
