/** The whole page's state. Parts change it and draw what it says; none of them knows another. */
export interface Store<State> {
  readonly state: State;
  update(change: Partial<State>): void;
  /** Draws now and after every change. */
  render(draw: (state: State) => void): void;
}

export function makeStore<State extends object>(initial: State): Store<State> {
  let state = initial;
  const drawers: ((state: State) => void)[] = [];
  return {
    get state() {
      return state;
    },
    update(change) {
      state = { ...state, ...change };
      for (const draw of drawers) draw(state);
    },
    render(draw) {
      drawers.push(draw);
      draw(state);
    },
  };
}
