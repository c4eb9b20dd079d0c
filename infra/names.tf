# Host names and HTTPS. With zone_id, Terraform creates the certificate, its validation and the records.
# With certificate_arn, the operator has created the certificate and creates the records. Otherwise: HTTP.

locals {
  zone_names      = var.zone_id == null ? toset([]) : toset(var.host_names)
  certificate_arn = var.zone_id == null ? var.certificate_arn : aws_acm_certificate_validation.main[0].certificate_arn
  validation      = { for option in flatten(aws_acm_certificate.main[*].domain_validation_options) : option.domain_name => option }
}

resource "aws_acm_certificate" "main" {
  count = var.zone_id == null ? 0 : 1

  domain_name               = var.host_names[0]
  subject_alternative_names = slice(var.host_names, 1, length(var.host_names))
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  for_each = local.zone_names

  zone_id         = var.zone_id
  name            = local.validation[each.key].resource_record_name
  type            = local.validation[each.key].resource_record_type
  records         = [local.validation[each.key].resource_record_value]
  ttl             = 60
  allow_overwrite = true # the record of a name is the same for every certificate
}

resource "aws_acm_certificate_validation" "main" {
  count = var.zone_id == null ? 0 : 1

  certificate_arn         = aws_acm_certificate.main[0].arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_route53_record" "host" {
  for_each = local.zone_names

  zone_id = var.zone_id
  name    = each.key
  type    = "A"

  alias {
    name                   = aws_lb.main.dns_name
    zone_id                = aws_lb.main.zone_id
    evaluate_target_health = true
  }
}
