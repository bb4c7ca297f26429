/**
 * How often work orders its own continuation through a queue: AWS ends a chain in which a function feeds its own queue
 * after about 16 rounds.
 */
export const mostRounds = 14;
