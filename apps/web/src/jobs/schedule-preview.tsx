import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { jobsApi } from '../api/calls.js';
import { zonedMoment } from './iso-moment.js';

const TYPING_MS = 300;

/** What a schedule means, and its next times, as it is typed. */
export function SchedulePreview({ schedule, timezone }: { readonly schedule: string; readonly timezone: string }) {
  const typed = useSettled(schedule.trim());
  const { data, error } = useQuery({
    queryKey: ['preview', typed, timezone],
    queryFn: () => jobsApi.preview(typed, timezone),
    enabled: typed !== '',
    retry: false,
  });
  if (typed === '') return null;
  return (
    <div className="note" role="status">
      {error && error.message}
      {data && (
        <>
          {data.schedule_display}. Next: {data.next.map((time) => zonedMoment(time, data.timezone)).join(' · ')}
        </>
      )}
    </div>
  );
}

/** A text once nobody has changed it for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
