output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Its addresses."
  value       = aws_vpc.this.cidr_block
}

output "private_subnet_ids" {
  description = "The private subnets, in the order of availability_zones."
  value       = [for zone in var.availability_zones : aws_subnet.private[zone].id]
}

output "private_route_table_ids" {
  description = "Route tables of the private subnets, in the order of availability_zones."
  value       = [for zone in var.availability_zones : aws_route_table.private[zone].id]
}

output "endpoint_security_group_id" {
  description = "Group that the interface endpoints stand in; a workload sends HTTPS to it."
  value       = aws_security_group.endpoints.id
}

output "gateway_prefix_list_ids" {
  description = "Prefix lists of the gateway endpoints, by s3 and dynamodb, for rules of security groups."
  value       = { for name, endpoint in aws_vpc_endpoint.gateway : name => endpoint.prefix_list_id }
}

output "endpoint_services" {
  description = "Names of the services that have an endpoint, after com.amazonaws.<region>."
  value       = sort([for endpoint in local.endpoints : endpoint.service])
}

output "streams_address" {
  description = "Where DynamoDB Streams answers within the network; its endpoint has no private name."
  value       = try("https://${aws_vpc_endpoint.interface["dynamodb-streams"].dns_entry[0].dns_name}", null)
}

output "billed_endpoint_addresses" {
  description = "How many addresses of interface endpoints are billed by the hour."
  value       = length(local.interfaces) * var.endpoint_zones
}

output "nat_gateways" {
  description = "How many NAT gateways are billed by the hour."
  value       = length(aws_nat_gateway.this)
}
