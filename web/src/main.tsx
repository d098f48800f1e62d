import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import './base.css';
import './controls.css';
import './views.css';
import './panels.css';

const place = document.getElementById('page');
if (place)
  createRoot(place).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
