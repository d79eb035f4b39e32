package adapterconfig

import "sync"

// maxRemembered bounds what is kept about one configuration: there are few kinds of
// questions, and more of them only take longer.
const maxRemembered = 200

// memory keeps what was found out about a configuration, as long as the configuration.
type memory struct {
	mu    sync.Mutex
	known map[string]func() any
}

// Remember returns what find returned for the key, and calls it only if that is not known.
// It is safe for concurrent use: others wait for the one who finds out.
func (c *Config) Remember(key string, find func() any) any {
	m := &c.memory
	m.mu.Lock()
	known, ok := m.known[key]
	if !ok {
		if m.known == nil || len(m.known) >= maxRemembered {
			m.known = map[string]func() any{}
		}
		known = sync.OnceValue(find)
		m.known[key] = known
	}
	m.mu.Unlock()
	return known()
}
