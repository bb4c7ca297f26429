/**
 * How often work orders its own continuation through a queue, so that no chain goes on for ever. It is the only bound:
 * what Lambda has against loops is switched off for these functions, as it counts by batch and not by order.
 */
export const maxHops = 14;
