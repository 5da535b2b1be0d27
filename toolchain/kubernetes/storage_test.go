package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func options(claim string) controller.ProvisionOptions {
	policy := core.PersistentVolumeReclaimDelete
	return controller.ProvisionOptions{
		PVName:           "pvc-1234",
		SelectedNodeName: "node",
		StorageClass:     &storage.StorageClass{ReclaimPolicy: &policy},
		PVC: &core.PersistentVolumeClaim{
			ObjectMeta: meta.ObjectMeta{Namespace: "research", Name: claim},
			Spec: core.PersistentVolumeClaimSpec{
				AccessModes: []core.PersistentVolumeAccessMode{core.ReadWriteMany},
				Resources:   core.VolumeResourceRequirements{Requests: core.ResourceList{core.ResourceStorage: resource.MustParse("1Gi")}},
			},
		},
	}
}

func newTestDirectory(t *testing.T) *localDirectory {
	t.Helper()
	d, err := newLocalDirectory(t.TempDir(), "node")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVolumeIsADirectoryThatDeleteRemoves(t *testing.T) {
	d := newTestDirectory(t)
	for range 2 { // the second call is the retry after a crash
		volume, _, err := d.Provision(t.Context(), options("home"))
		if err != nil {
			t.Fatal(err)
		}
		want := filepath.Join(d.path, "research-home-pvc-1234")
		if volume.Spec.Local.Path != want {
			t.Fatalf("made %s, not %s", volume.Spec.Local.Path, want)
		}
		info, err := os.Stat(want)
		if err != nil || info.Mode() != os.ModeDir|0o750 {
			t.Fatal(info, err)
		}
	}
	volume, _, _ := d.Provision(t.Context(), options("home"))
	os.WriteFile(filepath.Join(volume.Spec.Local.Path, "data"), nil, 0o600)
	for range 2 { // deleting what is gone already is no error
		if err := d.Delete(t.Context(), volume); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := os.ReadDir(d.path); len(left) != 0 {
		t.Fatal("left:", left)
	}
}

func TestLongNamesFitAFileName(t *testing.T) {
	d := newTestDirectory(t)
	if _, _, err := d.Provision(t.Context(), options(strings.Repeat("a", 253))); err != nil {
		t.Fatal(err)
	}
}

func TestOtherNodesAndSelectorsAreRefused(t *testing.T) {
	d := newTestDirectory(t)
	elsewhere := options("home")
	elsewhere.SelectedNodeName = "simulated"
	if _, state, err := d.Provision(t.Context(), elsewhere); err == nil || state != controller.ProvisioningReschedule {
		t.Fatal(state, err)
	}
	selecting := options("home")
	selecting.PVC.Spec.Selector = &meta.LabelSelector{}
	if _, _, err := d.Provision(t.Context(), selecting); err == nil {
		t.Fatal("a selector was accepted")
	}
}

func TestNothingLeadsOutOfTheDirectory(t *testing.T) {
	d := newTestDirectory(t)
	outside := t.TempDir()
	kept := filepath.Join(outside, "kept")
	os.Mkdir(kept, 0o700)

	if _, _, err := d.Provision(t.Context(), options("/../../escaped")); err == nil {
		t.Fatal("a claim's name led out")
	}
	os.Symlink(outside, filepath.Join(d.path, "link"))
	for _, path := range []string{
		kept,
		d.path,
		d.path + "/..",
		d.path + "/.",
		d.path + "/link/kept",
		d.path + "/sub/../../" + filepath.Base(outside),
		d.path + "/link", // only the link itself may go
	} {
		volume := &core.PersistentVolume{}
		volume.Spec.Local = &core.LocalVolumeSource{Path: path}
		err := d.Delete(t.Context(), volume)
		if err == nil && path != d.path+"/link" {
			t.Error(path, "was accepted")
		}
	}
	if err := d.Delete(t.Context(), &core.PersistentVolume{}); err == nil {
		t.Error("a volume of another kind was accepted")
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.path); err != nil {
		t.Error(err)
	}
}
