import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Makes V8 collect all garbage: the name is there only in contexts made after the flag is set. */
export const collectGarbage: () => void = runInNewContext("gc");
