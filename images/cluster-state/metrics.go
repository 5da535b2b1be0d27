package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// shown are the labels of pods and claims that become figures: who uses what.
// Every label would be a series for every deployment's hash.
var shown = []string{"app.kubernetes.io/name", "hub.jupyter.org/username", "arcos.dev/group", "arcos.dev/profile"}

// page is an answer in Prometheus's text format.
// https://prometheus.io/docs/instrumenting/exposition_formats/
type page struct{ bytes.Buffer }

// family opens a family of figures. Those that follow are its own.
func (p *page) family(name, kind, help string) {
	fmt.Fprintf(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// value writes one figure; labels are names and values by turns.
func (p *page) value(name string, value float64, labels ...string) {
	p.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		p.WriteByte("{,"[min(i, 1)])
		p.WriteString(labels[i])
		p.WriteString(`="`)
		p.WriteString(escape.Replace(labels[i+1]))
		p.WriteByte('"')
	}
	if len(labels) > 0 {
		p.WriteByte('}')
	}
	p.WriteByte(' ')
	p.WriteString(strconv.FormatFloat(value, 'g', -1, 64))
	p.WriteByte('\n')
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// metrics is the whole page.
func metrics(state *State) []byte {
	p := &page{}
	workloads(p, state)
	pods(p, state.Pods)
	claims(p, state.Claims)
	jobs(p, state)
	nodes(p, state.Nodes)
	return p.Bytes()
}

func workloads(p *page, state *State) {
	gauge := func(name, help, kind string, all []Scaled, figure func(*Scaled) int) {
		p.family(name, "gauge", help)
		for i := range all {
			meta := all[i].Metadata
			p.value(name, float64(figure(&all[i])), "namespace", meta.Namespace, kind, meta.Name)
		}
	}
	wanted := func(s *Scaled) int {
		if s.Spec.Replicas == nil {
			return 1
		}
		return *s.Spec.Replicas
	}
	gauge("kube_deployment_spec_replicas", "Pods wanted.", "deployment", state.Deployments, wanted)
	gauge("kube_deployment_status_replicas_available", "Pods that serve.", "deployment", state.Deployments,
		func(s *Scaled) int { return s.Status.AvailableReplicas })
	gauge("kube_statefulset_replicas", "Pods wanted.", "statefulset", state.StatefulSets, wanted)
	gauge("kube_statefulset_status_replicas_ready", "Pods that are ready.", "statefulset", state.StatefulSets,
		func(s *Scaled) int { return s.Status.ReadyReplicas })
	gauge("kube_daemonset_status_desired_number_scheduled", "Nodes that should run it.", "daemonset", state.DaemonSets,
		func(s *Scaled) int { return s.Status.DesiredNumberScheduled })
	gauge("kube_daemonset_status_number_ready", "Nodes where it is ready.", "daemonset", state.DaemonSets,
		func(s *Scaled) int { return s.Status.NumberReady })
}

func pods(p *page, all []Pod) {
	p.family("kube_pod_status_phase", "gauge", "The phase a pod is in; the others are left out.")
	for _, pod := range all {
		p.value("kube_pod_status_phase", 1,
			"namespace", pod.Metadata.Namespace, "pod", pod.Metadata.Name, "phase", pod.Status.Phase)
	}
	p.family("kube_pod_labels", "gauge", "The labels that say whose a pod is.")
	for _, pod := range all {
		labelled(p, "kube_pod_labels", pod.Metadata, "pod")
	}
	requests := func(c *Container) map[string]string { return c.Resources.Requests }
	limits := func(c *Container) map[string]string { return c.Resources.Limits }
	resources(p, "kube_pod_container_resource_requests", "What a container asks for.", all, requests)
	resources(p, "kube_pod_container_resource_limits", "What a container may take.", all, limits)
	p.family("kube_pod_container_status_restarts_total", "counter", "Restarts of a container.")
	for _, pod := range all {
		for _, status := range pod.Status.ContainerStatuses {
			p.value("kube_pod_container_status_restarts_total", float64(status.RestartCount),
				"namespace", pod.Metadata.Namespace, "pod", pod.Metadata.Name, "container", status.Name)
		}
	}
	p.family("kube_pod_container_status_waiting_reason", "gauge", "Why a container waits.")
	for _, pod := range all {
		for _, status := range pod.Status.ContainerStatuses {
			if status.State.Waiting != nil {
				p.value("kube_pod_container_status_waiting_reason", 1, "namespace", pod.Metadata.Namespace,
					"pod", pod.Metadata.Name, "container", status.Name, "reason", status.State.Waiting.Reason)
			}
		}
	}
}

// resources writes amounts of pods that hold them: one that is done holds none.
func resources(p *page, name, help string, all []Pod, of func(*Container) map[string]string) {
	p.family(name, "gauge", help)
	for _, pod := range all {
		if pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed" {
			continue
		}
		for i := range pod.Spec.Containers {
			container := &pod.Spec.Containers[i]
			amounts(p, name, of(container), "namespace", pod.Metadata.Namespace, "pod", pod.Metadata.Name,
				"container", container.Name, "node", pod.Spec.NodeName)
		}
	}
}

// amounts writes each resource with its unit, as in resource="cpu",unit="core".
func amounts(p *page, name string, of map[string]string, labels ...string) {
	for _, resource := range slices.Sorted(maps.Keys(of)) {
		value, ok := quantity(of[resource])
		if !ok {
			continue
		}
		unit := "integer"
		switch resource {
		case "cpu":
			unit = "core"
		case "memory", "ephemeral-storage":
			unit = "byte"
		}
		clean := strings.NewReplacer("-", "_", ".", "_", "/", "_").Replace(resource)
		p.value(name, value, append(slices.Clone(labels), "resource", clean, "unit", unit)...)
	}
}

func claims(p *page, all []Claim) {
	p.family("kube_persistentvolumeclaim_resource_requests_storage_bytes", "gauge", "The size a claim asks for.")
	for _, claim := range all {
		if size, ok := quantity(claim.Spec.Resources.Requests["storage"]); ok {
			p.value("kube_persistentvolumeclaim_resource_requests_storage_bytes", size,
				"namespace", claim.Metadata.Namespace, "persistentvolumeclaim", claim.Metadata.Name)
		}
	}
	p.family("kube_persistentvolumeclaim_labels", "gauge", "The labels that say whose a claim is.")
	for _, claim := range all {
		labelled(p, "kube_persistentvolumeclaim_labels", claim.Metadata, "persistentvolumeclaim")
	}
}

// labelled writes an object's labels that are shown; without any, nothing.
func labelled(p *page, name string, meta Meta, kind string) {
	labels := []string{"namespace", meta.Namespace, kind, meta.Name}
	clean := strings.NewReplacer("-", "_", ".", "_", "/", "_")
	for _, label := range shown {
		if value, there := meta.Labels[label]; there {
			// Where the same stands in an annotation, the label is a spelling of it that Kubernetes allows.
			if whole := meta.Annotations[label]; whole != "" {
				value = whole
			}
			labels = append(labels, "label_"+clean.Replace(label), value)
		}
	}
	if len(labels) > 4 {
		p.value(name, 1, labels...)
	}
}

func jobs(p *page, state *State) {
	p.family("kube_job_status_failed", "gauge", "Pods of a job that failed.")
	for _, job := range state.Jobs {
		p.value("kube_job_status_failed", float64(job.Status.Failed),
			"namespace", job.Metadata.Namespace, "job_name", job.Metadata.Name)
	}
	p.family("kube_job_failed", "gauge", "Whether a job was given up.")
	for _, job := range state.Jobs {
		for _, condition := range job.Status.Conditions {
			if condition.Type == "Failed" && condition.Status == "True" {
				p.value("kube_job_failed", 1,
					"namespace", job.Metadata.Namespace, "job_name", job.Metadata.Name, "condition", "true")
			}
		}
	}
	p.family("kube_cronjob_created", "gauge", "When a cron job was made, in Unix seconds.")
	for _, job := range state.CronJobs {
		p.value("kube_cronjob_created", float64(job.Metadata.CreationTimestamp.Unix()),
			"namespace", job.Metadata.Namespace, "cronjob", job.Metadata.Name)
	}
	p.family("kube_cronjob_status_last_successful_time", "gauge", "When a cron job last succeeded, in Unix seconds.")
	for _, job := range state.CronJobs {
		if job.Status.LastSuccessfulTime != nil {
			p.value("kube_cronjob_status_last_successful_time", float64(job.Status.LastSuccessfulTime.Unix()),
				"namespace", job.Metadata.Namespace, "cronjob", job.Metadata.Name)
		}
	}
}

func nodes(p *page, all []Node) {
	p.family("kube_node_status_condition", "gauge", "A condition of a node: 1 at the status it has.")
	for _, node := range all {
		for _, condition := range node.Status.Conditions {
			for _, status := range []string{"true", "false", "unknown"} {
				value := 0.0
				if strings.EqualFold(condition.Status, status) {
					value = 1
				}
				p.value("kube_node_status_condition", value,
					"node", node.Metadata.Name, "condition", condition.Type, "status", status)
			}
		}
	}
	p.family("kube_node_status_allocatable", "gauge", "What a node has for pods.")
	for _, node := range all {
		amounts(p, "kube_node_status_allocatable", node.Status.Allocatable, "node", node.Metadata.Name)
	}
	p.family("kube_node_spec_unschedulable", "gauge", "Whether a node takes no new pods.")
	for _, node := range all {
		value := 0.0
		if node.Spec.Unschedulable {
			value = 1
		}
		p.value("kube_node_spec_unschedulable", value, "node", node.Metadata.Name)
	}
}
