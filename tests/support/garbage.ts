import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Makes V8 collect all garbage. The function exists only in contexts created after the flag was set. */
export const collectGarbage: () => void = runInNewContext("gc");
