import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { useTheme } from './theme.js';

const PLACES = [
  ['/chat', 'Chat'],
  ['/runs', 'Runs'],
  ['/inbox', 'Inbox'],
  ['/jobs', 'Jobs'],
  ['/overview', 'Overview'],
] as const;

/** The navigation around every page. */
export function Frame(props: {
  readonly children: ReactNode;
  readonly waiting: number;
  readonly onSignOut?: () => void;
}) {
  const { children, waiting, onSignOut } = props;
  const [location] = useLocation();
  const [theme, nextTheme] = useTheme();
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <span className="brand">Talaria</span>
        <nav aria-label="Main">
          {PLACES.map(([path, name]) => {
            const isHere = location === path || location.startsWith(`${path}/`);
            return (
              <Link key={path} href={path} aria-current={isHere ? 'page' : undefined}>
                {name}
                {name === 'Inbox' && waiting > 0 && <span className="badge">{waiting}</span>}
              </Link>
            );
          })}
        </nav>
        <div className="row">
          <button type="button" className="quiet" onClick={nextTheme} aria-label={`Colours: ${theme}`}>
            {theme}
          </button>
          {onSignOut && (
            <button type="button" className="quiet" onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <div id="content" tabIndex={-1}>
        {children}
      </div>
    </div>
  );
}
