import { ensure, freePort } from "./run.ts";

const START_LIMIT_MS = 10_000;
/** How long the broker is idle before its memory is looked at. */
const IDLE_MS = 2000;

/** An executable, and how it is told its port. */
export interface Program {
  /** Its path. */
  readonly executable: string;
  /** Its arguments for a port. */
  readonly args: (port: number) => string[];
  /** Its working directory. */
  readonly folder: string;
}

/** What starting costs. */
export interface Cost {
  /** Of the first start, which has nothing compiled yet. Milliseconds until a connection is accepted. */
  readonly firstMs: number;
  /** The median of those after it. */
  readonly medianMs: number;
  /** Resident memory when idle, megabytes; 0: not known on this system. */
  readonly idleMegabytes: number;
}

/**
 * Measures programs in turn, so that what else the machine does meets all of them alike: the median of `count` starts each. Their
 * directories begin empty.
 */
export async function measure(programs: readonly Program[], count: number): Promise<Cost[]> {
  const starts = programs.map((): number[] => []);
  const memory = programs.map(() => 0);
  for (let round = 0; round <= count; round++) {
    for (const [index, program] of programs.entries()) {
      const isLast = round === count;
      // The first writes V8's code for those after it when it has been idle for a while.
      const { startMs, megabytes } = await startOnce(program, round === 0 || isLast ? IDLE_MS : 0);
      starts[index]!.push(startMs);
      if (isLast) memory[index] = megabytes;
    }
  }
  return starts.map(([firstMs = 0, ...later], index) => ({
    firstMs,
    medianMs: later.sort((a, b) => a - b)[Math.floor(later.length / 2)]!,
    idleMegabytes: memory[index]!,
  }));
}

async function startOnce(
  { executable, args, folder }: Program,
  idleMs: number,
): Promise<{ startMs: number; megabytes: number }> {
  const port = freePort();
  const beginMs = performance.now();
  const process = new Deno.Command(executable, {
    args: args(port),
    cwd: folder,
    env: { TMPDIR: folder },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await untilAccepting(port);
    const startMs = performance.now() - beginMs;
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return { startMs, megabytes: residentMegabytes(process.pid) };
  } finally {
    process.kill("SIGKILL");
    await process.status;
  }
}

/** Asks every millisecond until somebody accepts connections. */
export async function untilAccepting(port: number): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < START_LIMIT_MS) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  ensure(false, `Nothing accepts connections on port ${port} after ${START_LIMIT_MS} ms`);
}

function residentMegabytes(pid: number): number {
  if (Deno.build.os !== "linux") return 0;
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return Number(kilobytes ?? 0) / 1024;
}
