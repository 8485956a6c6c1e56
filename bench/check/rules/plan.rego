# The same five rules over a whole plan in Rego.
package plan

deny contains sprintf("p01 %s: the region is not one of ours", [r.address]) if {
	some r in input.resource_changes
	r.change.after.region
	not r.change.after.region in {"RegionOne", "RegionTwo"}
}

team(r) if r.change.after.metadata.team != ""

deny contains sprintf("p02 %s: no team is named", [r.address]) if {
	some r in input.resource_changes
	not team(r)
}

deny contains sprintf("p03 %s: a volume is larger than 150 GB", [r.address]) if {
	some r in input.resource_changes
	some d in r.change.after.block_device
	d.volume_size > 150
}

deny contains sprintf("p04 %s: the image is not Debian's", [r.address]) if {
	some r in input.resource_changes
	image := r.change.after.image_name
	not startswith(image, "debian-")
}

deny contains sprintf("p05 %s: the type belongs to one vendor", [r.address]) if {
	some r in input.resource_changes
	some vendor in {"aws_", "azurerm_", "google_"}
	startswith(r.type, vendor)
}
