/** Why a model cannot even be asked. Nobody's credential is at fault: the settings are. */
export type UnavailableReason = "no_base_url" | "no_key" | "no_binding" | "no_transcription";

/** Thrown by `languageModel`; `toRawFailure` makes a failure of class `model_missing` of it, so that a fallback serves. */
export class ModelUnavailable extends Error {
  override readonly name = "ModelUnavailable";
  readonly reason: UnavailableReason;

  constructor(provider: string, reason: UnavailableReason) {
    super(`${provider} cannot be asked: ${WORDS[reason]}`);
    this.reason = reason;
  }
}

const WORDS: Readonly<Record<UnavailableReason, string>> = {
  no_base_url: "its base URL is not set",
  no_key: "no key was given",
  no_binding: "the Worker has no AI binding",
  no_transcription: "it offers no transcription endpoint that is spoken here",
};
