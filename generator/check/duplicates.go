package check

import "fmt"

// duplicates reports objects that have the same identity, be they of one
// instance or of two: in a cluster the later would overwrite the earlier.
func duplicates(s *system) {
	for _, o := range s.objects {
		first := s.byKey[o.key()]
		if first == o {
			continue
		}
		f := Finding{
			Code:    "GEN-23",
			Field:   "metadata.name",
			Message: fmt.Sprintf("%s exists already, from %s", o.id, first.group),
			Hint:    "rename one of the instances",
		}
		if first.group == o.group {
			f.Message = fmt.Sprintf("%s exists twice", o.id)
			f.Hint = "leave one of them out"
		}
		o.report(f)
	}
}
