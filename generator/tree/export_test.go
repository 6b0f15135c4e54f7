package tree

// ApplyWith is Apply with a chance to fail, or to die, before each operation.
func (p Plan) ApplyWith(force bool, before func(operation, path string) error) error {
	return p.apply(force, before)
}
