{{/* What selects the pods of a service. */}}
{{- define "sharded.selectorLabels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: {{ .root.Release.Name }}
app.kubernetes.io/component: shard
{{- end }}

{{- define "sharded.labels" -}}
{{ include "sharded.selectorLabels" . }}
app.kubernetes.io/managed-by: patternctl
{{- end }}

{{- define "sharded.fullname" -}}
{{- printf "%s-shard" .name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The metadata of an object: a dict of root, name and fullname. */}}
{{- define "sharded.metadata" -}}
name: {{ .fullname }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "sharded.labels" . | nindent 2 }}
{{- end }}

{{/* A probe: a dict of port and times. */}}
{{- define "sharded.probe" -}}
tcpSocket:
  port: {{ .port }}
{{ toYaml .times }}
{{- end }}
