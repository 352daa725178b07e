/** The file is not what a mosquitto writes, or not all of it. */
export class DatabaseError extends Error {
  /** `offset`: where in the file. */
  constructor(message: string, readonly offset: number) {
    super(`${message} (at byte ${offset})`);
  }
}
