/** Holds the page's state. The parts of the page read and change it, and do not know each other. */
export interface Store<State> {
  readonly state: State;
  update(change: Partial<State>): void;
  /** Calls `draw` now and after every change. */
  render(draw: (state: State) => void): void;
}

export function makeStore<State extends object>(initial: State): Store<State> {
  let state = initial;
  const draws: ((state: State) => void)[] = [];
  return {
    get state() {
      return state;
    },
    update(change) {
      state = { ...state, ...change };
      for (const draw of draws) draw(state);
    },
    render(draw) {
      draws.push(draw);
      draw(state);
    },
  };
}
