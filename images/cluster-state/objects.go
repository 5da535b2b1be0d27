package main

import (
	"context"
	"time"
)

// Meta is the part of an object's metadata that is shown.
type Meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	Labels            map[string]string `json:"labels"`
	Annotations       map[string]string `json:"annotations"`
	CreationTimestamp time.Time         `json:"creationTimestamp"`
}

// Scaled is a Deployment, a StatefulSet or a DaemonSet.
type Scaled struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		Replicas *int `json:"replicas"`
	} `json:"spec"`
	Status struct {
		AvailableReplicas      int `json:"availableReplicas"`
		ReadyReplicas          int `json:"readyReplicas"`
		DesiredNumberScheduled int `json:"desiredNumberScheduled"`
		NumberReady            int `json:"numberReady"`
	} `json:"status"`
}

// Pod is what is looked at of a pod.
type Pod struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		NodeName   string      `json:"nodeName"`
		Containers []Container `json:"containers"`
	} `json:"spec"`
	Status struct {
		Phase             string            `json:"phase"`
		PodIP             string            `json:"podIP"`
		ContainerStatuses []ContainerStatus `json:"containerStatuses"`
	} `json:"status"`
}

// Container is what a container asks for.
type Container struct {
	Name      string `json:"name"`
	Resources struct {
		Requests map[string]string `json:"requests"`
		Limits   map[string]string `json:"limits"`
	} `json:"resources"`
}

// ContainerStatus is how a container is.
type ContainerStatus struct {
	Name         string `json:"name"`
	RestartCount int    `json:"restartCount"`
	State        struct {
		Waiting *struct {
			Reason string `json:"reason"`
		} `json:"waiting"`
	} `json:"state"`
}

// Claim is a PersistentVolumeClaim.
type Claim struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		Resources struct {
			Requests map[string]string `json:"requests"`
		} `json:"resources"`
	} `json:"spec"`
}

// Job is a Job or a CronJob.
type Job struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		Suspend bool `json:"suspend"`
	} `json:"spec"`
	Status struct {
		Failed     int `json:"failed"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		LastSuccessfulTime *time.Time `json:"lastSuccessfulTime"`
	} `json:"status"`
}

// Node is a machine.
type Node struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		Unschedulable bool `json:"unschedulable"`
	} `json:"spec"`
	Status struct {
		Allocatable map[string]string `json:"allocatable"`
		Conditions  []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

// State is the whole cluster at one moment.
type State struct {
	Deployments, StatefulSets, DaemonSets []Scaled
	Pods                                  []Pod
	Claims                                []Claim
	Jobs, CronJobs                        []Job
	Nodes                                 []Node
}

// read lists everything that is shown.
func (a *API) read(ctx context.Context) (*State, error) {
	state := &State{}
	for _, one := range []struct {
		path  string
		items any
	}{
		{"/apis/apps/v1/deployments", &state.Deployments},
		{"/apis/apps/v1/statefulsets", &state.StatefulSets},
		{"/apis/apps/v1/daemonsets", &state.DaemonSets},
		{"/api/v1/pods", &state.Pods},
		{"/api/v1/persistentvolumeclaims", &state.Claims},
		{"/apis/batch/v1/jobs", &state.Jobs},
		{"/apis/batch/v1/cronjobs", &state.CronJobs},
		{"/api/v1/nodes", &state.Nodes},
	} {
		if err := a.list(ctx, one.path, one.items); err != nil {
			return nil, err
		}
	}
	return state, nil
}
