/**
 * How often each function, by logical id, has been invoked in a chain of work that goes through queues: a function that
 * feeds its own queue is in a chain with itself.
 */
export type Chain = Readonly<Record<string, number>>;

/** Which chain a message belongs to. On AWS it says so itself, by the trace that it was sent with. */
export interface Chains {
  /** @param trace header of the invocation that has sent them */
  remember(messageIds: readonly string[], trace: string | undefined): void;
  of(messageId: string): Chain;
  /** The message is gone. */
  forget(messageId: string): void;
}

/** @param chainOf the chain that an invocation is part of */
export function openChains(chainOf: (trace: string | undefined) => Chain | undefined): Chains {
  const chains = new Map<string, Chain>();
  return {
    remember: (messageIds, trace) => {
      const chain = chainOf(trace);
      if (chain) for (const id of messageIds) chains.set(id, chain);
    },
    of: (messageId) => chains.get(messageId) ?? {},
    forget: (messageId) => void chains.delete(messageId),
  };
}

/** The chain of an invocation that takes up messages of these chains. */
export function lengthened(chains: readonly Chain[], functionId: string): Chain {
  const longest: Record<string, number> = {};
  for (const chain of chains) {
    for (const [id, rounds] of Object.entries(chain)) longest[id] = Math.max(longest[id] ?? 0, rounds);
  }
  return { ...longest, [functionId]: (longest[functionId] ?? 0) + 1 };
}
