import type { Loaded } from "../password_file.ts";

/** Understands a file with certificates in PEM: who may vouch for a server. */
export function parseCertificates(path: string, text: string): Loaded<string> {
  return text.includes("-----BEGIN CERTIFICATE-----")
    ? { isValid: true, value: text }
    : { isValid: false, problems: [`${path}: Must hold certificates in PEM`] };
}
