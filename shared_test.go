package prestage

import (
	"testing"

	"prestage/trust"
)

// TestTreeJudgedTwice: what a tree remembers of one machine never answers for
// another.
func TestTreeJudgedTwice(t *testing.T) {
	tree, err := OpenTree("testdata/packages/third-party-timestamped")
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	knows := trust.NewStore()
	if err := knows.LoadPath(trust.Root, "testdata/stores/contoso-root.pem"); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		store *trust.Store
		want  string
	}{
		{knows, "unknown-publisher"},
		{trust.NewStore(), "unsigned"},
		{knows, "unknown-publisher"},
	} {
		r, err := Check(Options{At: corpusClock, Store: step.store}, tree)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Packages[0].Verdicts[0].Category; got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
	}
}
