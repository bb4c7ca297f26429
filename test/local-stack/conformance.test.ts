import { conformance } from "../conformance/conformance.ts";
import { startTarget } from "./local-target.ts";

conformance("the local stack", () => startTarget({ maxEnvironments: 4 }));
