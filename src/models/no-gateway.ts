/**
 * What "ai" takes of "@ai-sdk/gateway", which wrangler.toml's [alias] leads here. It asks Vercel's gateway when a model is
 * given by its name alone; here every model is opened by registry.ts, and no slip may send a conversation to a third party.
 */
function lookUp(): never {
  throw new Error("expected an opened model (models/registry.ts): there is no gateway that looks up names");
}

export const gateway = { specificationVersion: "v4", languageModel: lookUp };

export const createGateway = lookUp;

/** Nothing is one: no gateway was asked. */
export class GatewayError extends Error {
  static isInstance(): boolean {
    return false;
  }
}

export class GatewayAuthenticationError extends GatewayError {}
