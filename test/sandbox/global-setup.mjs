import { ensureIsolation } from '../../scripts/isolation.mjs';

export default function globalSetup() {
  ensureIsolation();
}
