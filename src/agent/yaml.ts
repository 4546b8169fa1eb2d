/** Loaded with the first skill that an owner sends, and so that the bundle holds nothing else of the package. */
export { load } from "js-yaml";
