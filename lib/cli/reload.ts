import type { Broker } from "../broker/mod.ts";
import {
  compareConfigs,
  type Config,
  keepLog,
  keepUntilRestart,
  type LoadResult,
} from "../config/mod.ts";
import type { Logger } from "../observe/mod.ts";
import { messageOf } from "./output.ts";

/** Applies a configuration at SIGHUP as far as the broker can while it runs, and logs what needs a restart; returns what holds now. */
export function reloadConfig(
  before: Config,
  result: LoadResult,
  broker: Broker,
  log: Logger,
): Config {
  if (!result.isValid) {
    for (const problem of result.problems) log.error(problem);
    log.error("SIGHUP: the configuration is not valid, the old one stays");
    return before;
  }
  let { config } = result;
  try {
    log.configure(config.log);
  } catch (error) {
    const reason = messageOf(error);
    log.error(`SIGHUP: cannot open the log, the old one stays: ${reason}`);
    config = keepLog(config, before);
  }
  broker.reconfigure(config.broker);
  for (const { name, before: old, after, isReloadable } of compareConfigs(before, config)) {
    if (isReloadable) log.info(`SIGHUP: ${name} is now ${after ?? "unset"}`, { before: old });
    else log.warning(`SIGHUP: ${name} changes only with a restart`, { now: old, file: after });
  }
  log.info("SIGHUP: the configuration is read again");
  return keepUntilRestart(config, before);
}
