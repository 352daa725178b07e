import { VERSION } from "../version.ts";
import { EXIT, print } from "./output.ts";

/** `flux-mqtt --version`: one line. */
export function version(): number {
  print(`flux-mqtt ${VERSION}\n`);
  return EXIT.ok;
}
