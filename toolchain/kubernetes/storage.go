package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisionerName is what a StorageClass says to get its volumes from here.
const provisionerName = "arcos.dev/local-directory"

// A file name has at most 255 bytes; a namespace and a claim can have 317.
const maxPrefix = 200

// localDirectory makes each volume a directory of its own on the one node.
// The directory is reached through an os.Root: no name and no symbolic link
// leads out of it, whatever a claim or a volume says.
type localDirectory struct {
	path string
	root *os.Root
	node string
}

func newLocalDirectory(path, node string) (*localDirectory, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	return &localDirectory{path: path, root: root, node: node}, nil
}

func (d *localDirectory) Provision(_ context.Context, o controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	claim := o.PVC
	if claim.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("a claim with a selector cannot be provisioned")
	}
	// Simulated nodes can stand beside the real one: the scheduler is to choose again.
	if o.SelectedNodeName != "" && o.SelectedNodeName != d.node {
		return nil, controller.ProvisioningReschedule, fmt.Errorf("volumes are on node %s only, not on %s", d.node, o.SelectedNodeName)
	}
	prefix := claim.Namespace + "-" + claim.Name
	name := prefix[:min(len(prefix), maxPrefix)] + "-" + o.PVName
	if err := d.make(name); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: o.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			// Accepted but not enforced: a directory has no size of its own.
			Capacity: core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			// Of a "local" volume the kubelet gives the files to the pod's
			// fsGroup, as it does on a cloud's disk; not so of a "hostPath".
			PersistentVolumeSource: core.PersistentVolumeSource{
				Local: &core.LocalVolumeSource{Path: filepath.Join(d.path, name)},
			},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{
					{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{d.node}},
				}}},
			}},
		},
	}, controller.ProvisioningFinished, nil
}

// make is repeated after a crash between the directory and its volume. As on
// a cloud's new disk, only a pod with an fsGroup may write unless it is root:
// the kubelet opens the directory to that group.
func (d *localDirectory) make(name string) error {
	if err := d.root.Mkdir(name, 0o750); !os.IsExist(err) {
		return err
	}
	return nil
}

// Delete is called only for volumes whose reclaim policy is Delete.
func (d *localDirectory) Delete(_ context.Context, volume *core.PersistentVolume) error {
	local := volume.Spec.Local
	if local == nil || filepath.Dir(local.Path) != d.path {
		return fmt.Errorf("volume %s is not a directory in %s: left alone", volume.Name, d.path)
	}
	return d.root.RemoveAll(filepath.Base(local.Path))
}

func localStorageMain() int {
	flags := flag.NewFlagSet("local-storage", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "the file that tells how to reach the cluster")
	directory := flags.String("directory", "", "the existing directory that the volumes are made in")
	node := flags.String("node-name", "", "the node that has that directory")
	flags.Parse(os.Args[1:])
	if *kubeconfig == "" || *directory == "" || *node == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "local-storage: --kubeconfig, --directory and --node-name are needed, and nothing else")
		return 2
	}
	if err := serveLocalStorage(*kubeconfig, *directory, *node); err != nil {
		fmt.Fprintln(os.Stderr, "local-storage:", err)
		return 1
	}
	return 0
}

func serveLocalStorage(kubeconfig, directory, node string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	volumes, err := newLocalDirectory(directory, node)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// A new cluster grants the rights a moment after its API server answers.
	// The library, refused, would ask again only half a minute later.
	err = wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().PersistentVolumes().List(ctx, meta.ListOptions{Limit: 1})
		if err != nil {
			fmt.Fprintln(os.Stderr, "local-storage: waiting for the cluster:", err)
		}
		return err == nil, nil
	})
	if err != nil {
		return nil // told to stop while waiting
	}
	// One process serves one cluster: there is no other to elect a leader with.
	controller.NewProvisionController(ctx, client, provisionerName, volumes, controller.LeaderElection(false)).Run(ctx)
	return nil
}
