import { useQuery } from '@tanstack/react-query';
import { api } from '../api/calls.js';

const POLL_MS = 5_000;

/** All that waits for a human, over sessions and jobs. */
export function usePending() {
  return useQuery({ queryKey: ['pending'], queryFn: api.pending, refetchInterval: POLL_MS });
}
