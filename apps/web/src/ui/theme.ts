import { useEffect, useState } from 'react';

export type Theme = 'auto' | 'light' | 'dark';
const NAME = 'talaria.theme';
const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' };

/** Which colours the page has: those of the system until somebody chooses. */
export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem(NAME, theme);
  }, [theme]);
  return [theme, () => setTheme(NEXT[theme])];
}

function stored(): Theme {
  const text = localStorage.getItem(NAME);
  return text === 'light' || text === 'dark' ? text : 'auto';
}
