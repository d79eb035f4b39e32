package adapterconfig

import "fmt"

func text(v ...any) string { return fmt.Sprint(v...) }
