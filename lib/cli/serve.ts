import { type Arguments, loadConfig } from "../config/mod.ts";
import { Logger } from "../observe/mod.ts";
import { EXIT, messageOf, printError, printProblems } from "./output.ts";
import { runBroker } from "./run_broker.ts";
import { processSources } from "./sources.ts";

/** `flux-mqtt serve`: loads the configuration, opens the log, and runs the broker until a signal ends it. */
export function serve(args: Arguments): Promise<number> {
  const load = () => loadConfig(processSources(args));
  const result = load();
  if (!result.isValid) return Promise.resolve(printProblems(result.problems));
  let logger: Logger;
  try {
    logger = new Logger(result.config.log);
  } catch (error) {
    printError(`Cannot open the log: ${messageOf(error)}\n`);
    return Promise.resolve(EXIT.failed);
  }
  return runBroker(result.config, logger, load);
}
