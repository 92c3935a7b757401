//! Guests: what a component is given and may spend.
