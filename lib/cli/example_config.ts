import { exampleConfig as text } from "../config/mod.ts";
import { EXIT, print, printError } from "./output.ts";

/** `flux-mqtt example-config`: prints a configuration file with every option in a comment. */
export function exampleConfig(args: readonly string[]): number {
  if (args.length > 0 && args[0] !== "--help") {
    printError(`${args[0]}: Is not understood; example-config takes nothing\n`);
    return EXIT.usage;
  }
  print(text());
  return EXIT.ok;
}
