import { ChangeDetectionStrategy, Component } from '@angular/core';

/** What the shapes mean. */
@Component({
  selector: 'demo-legend',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <ul aria-label="Legend">
      <li>
        <svg viewBox="-8 -8 16 16" aria-hidden="true"><circle class="full" r="7" /></svg>asked for here
      </li>
      <li>
        <svg viewBox="-8 -8 16 16" aria-hidden="true"><circle class="hollow" r="6" /></svg>taken over from
        another tab
      </li>
      <li>
        <svg viewBox="0 -8 40 16" class="wide" aria-hidden="true">
          <path class="taper" d="M0 -7L40 0L0 7Z" /></svg
        >life left
      </li>
      <li>
        <svg viewBox="-8 -8 16 16" aria-hidden="true"><path class="alarm" d="M0 -7L7 0L0 7L-7 0Z" /></svg>401
      </li>
      <li>
        <svg viewBox="0 -8 24 16" aria-hidden="true">
          <rect class="bar" y="-5" width="14" height="2.5" rx="1" />
          <rect class="bar" y="-1" x="4" width="20" height="2.5" rx="1" />
          <rect class="bar" y="3" x="2" width="11" height="2.5" rx="1" /></svg
        >requests
      </li>
    </ul>
  `,
  styles: `
    ul {
      display: flex;
      flex-wrap: wrap;
      gap: 0.3rem 1.4rem;
      padding-top: 0.9rem;
      list-style: none;
      color: var(--ink-2);
      font-size: 0.9rem;
    }
    li {
      display: flex;
      align-items: center;
      gap: 0.5rem;
    }
    svg {
      height: 1rem;
    }
    .full,
    .taper {
      fill: var(--accent);
    }
    .taper {
      opacity: 0.5;
    }
    .hollow {
      fill: none;
      stroke: var(--accent);
      stroke-width: 2.5;
    }
    .alarm {
      fill: var(--alarm);
    }
    .bar {
      fill: var(--good);
    }
  `,
})
export class Legend {}
