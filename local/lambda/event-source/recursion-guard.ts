/**
 * How often each function, by logical id, has been invoked in a chain of work that goes through queues: a function that
 * feeds its own queue is in a chain with itself.
 */
export type InvocationChain = Readonly<Record<string, number>>;

/** Which chain a message belongs to. On AWS it says so itself, by the trace that it was sent with. */
export interface RecursionGuard {
  /** @param trace header of the invocation that has sent them */
  recordSent(messageIds: readonly string[], trace: string | undefined): void;
  of(messageId: string): InvocationChain;
  /** The message is gone. */
  forget(messageId: string): void;
}

/** @param chainOf the chain that an invocation is part of */
export function createRecursionGuard(chainOf: (trace: string | undefined) => InvocationChain | undefined): RecursionGuard {
  const recursionGuard = new Map<string, InvocationChain>();
  return {
    recordSent: (messageIds, trace) => {
      const chain = chainOf(trace);
      if (chain) for (const id of messageIds) recursionGuard.set(id, chain);
    },
    of: (messageId) => recursionGuard.get(messageId) ?? {},
    forget: (messageId) => void recursionGuard.delete(messageId),
  };
}

/** The chain of an invocation that takes up messages of these chains. */
export function extendChain(recursionGuard: readonly InvocationChain[], functionId: string): InvocationChain {
  const longest: Record<string, number> = {};
  for (const chain of recursionGuard) {
    for (const [id, rounds] of Object.entries(chain)) longest[id] = Math.max(longest[id] ?? 0, rounds);
  }
  return { ...longest, [functionId]: (longest[functionId] ?? 0) + 1 };
}
